import table from '../../openapi/contains-1.json' with { type: 'json' };

/** Codes of the vocabulary. Of a source: as written down when it came in, whatever became of it since. */
export type MaterialForm = { readonly material: string; readonly form: string };

/** Whether a source can contain an output of a run. */
export type Contains = (source: MaterialForm, output: MaterialForm) => boolean;

type Side = { readonly materials: readonly string[]; readonly forms: readonly string[] };

/** The shape of openapi/contains-1.json, which says in its own description how it is read. */
export type ContainsTable = {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly { readonly name: string; readonly source: Side; readonly output: Side }[];
};

type CodeTest = (code: string, same: string) => boolean;

/** Makes the test of a table. Throws RangeError for an `@group` the table does not define. */
export function containsOf(table: ContainsTable): Contains {
  const rules = table.rules.map(({ source, output }) => ({
    sourceMaterial: codeTest(source.materials, table.groups),
    sourceForm: codeTest(source.forms, table.groups),
    outputMaterial: codeTest(output.materials, table.groups),
    outputForm: codeTest(output.forms, table.groups),
  }));
  return (source, output) =>
    rules.some(
      (rule) =>
        rule.sourceMaterial(source.material, source.material) &&
        rule.sourceForm(source.form, source.form) &&
        rule.outputMaterial(output.material, source.material) &&
        rule.outputForm(output.form, source.form),
    );
}

function codeTest(entries: readonly string[], groups: ContainsTable['groups']): CodeTest {
  const named = new Set<string>();
  const barred = new Set<string>();
  for (const entry of entries) {
    const codes = entry.startsWith('!') ? barred : named;
    const name = entry.replace(/^!/, '');
    const group = groups[name.slice(1)];
    if (!name.startsWith('@') || name === '@any' || name === '@same') codes.add(name);
    else if (group === undefined) throw new RangeError(`the table has no group ${name}`);
    else for (const code of group) codes.add(code);
  }
  const any = named.has('@any');
  const orSame = named.has('@same');
  return (code, same) => !barred.has(code) && (any || named.has(code) || (orSame && code === same));
}

/** The table of rule shares.v1. */
export const containsV1: Contains = containsOf(table);
