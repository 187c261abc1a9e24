import type { TrailFault } from './facts.ts';
import type { Reading } from './reading.ts';

/**
 * Whether every fact that names a thing names the last fact before that changed it: then no fact about the thing is
 * missing in between. Of lots and of other things alike; only those asked for are followed.
 */
export class Chains {
  private readonly last = new Map<string, number>();
  /** Facts that named a thing. */
  private readonly naming = new Map<string, Set<number>>();
  /** Sales by the lot of the buyer. */
  private readonly sales = new Map<string, string>();
  private readonly lots: ReadonlySet<string>;
  private readonly things: ReadonlySet<string>;
  private readonly onFault: (fault: TrailFault) => void;

  constructor(lots: ReadonlySet<string>, things: ReadonlySet<string>, onFault: (fault: TrailFault) => void) {
    this.lots = lots;
    this.things = things;
    this.onFault = onFault;
  }

  check(seq: number, { lots, opened, things, undoes = [], sale }: Reading): void {
    const touches = [
      ...lots.map(({ lotId: id, seq: before, effect }) => ({
        id,
        seq: before,
        changes: effect.kind !== 'name',
        follow: this.lots.has(id),
      })),
      ...opened.map(({ lotId: id }) => ({ id, seq: undefined, changes: true, follow: this.lots.has(id) })),
      ...things.map((thing) => ({ seq: undefined, ...thing, follow: this.things.has(thing.id) })),
    ].filter(({ follow }) => follow);
    for (const { id, seq: before } of touches) this.point(seq, id, before);
    for (const { lotId: id } of opened)
      if (this.lots.has(id) && this.last.has(id))
        this.onFault({ seq, kind: 'trail-twice', reason: `lot ${id} began at ${this.last.get(id)} already` });
    for (const { id, seq: undone } of undoes)
      if ((this.lots.has(id) || this.things.has(id)) && !this.naming.get(id)?.has(undone))
        this.wrong(seq, `it is about what ${undone} did to ${id}, but that fact does not concern it`);
    const changed = new Set<string>();
    for (const { id, changes } of touches) {
      if (changes && changed.has(id))
        this.onFault({ seq, kind: 'trail-twice', reason: `it names ${id} twice` });
      if (changes) changed.add(id);
      const naming = this.naming.get(id) ?? new Set();
      this.naming.set(id, naming.add(seq));
    }
    for (const id of changed) this.last.set(id, seq);
    if (sale !== undefined) this.changeSale(seq, sale);
  }

  private point(seq: number, id: string, before: number | undefined): void {
    const last = this.last.get(id);
    // A site's own facts name none before; of any other thing only its first does not.
    if (before === undefined || before === last) return;
    if (last !== undefined && this.naming.get(id)!.has(before))
      this.onFault({
        seq,
        kind: 'trail-left-out',
        reason: `it says that ${id} was changed at ${before} before, and passes over what ${last} did to it`,
      });
    else
      this.wrong(
        seq,
        `it says that ${id} was changed at ${before} before, but that fact does not concern it`,
      );
  }

  /** What a buyer makes of a lot changes the sale, without naming it. */
  private changeSale(seq: number, { id, lotId }: { id?: string; lotId: string }): void {
    if (id !== undefined) this.sales.set(lotId, id);
    const saleId = this.sales.get(lotId);
    if (saleId === undefined || !this.things.has(saleId)) return;
    this.last.set(saleId, seq);
    this.naming.set(saleId, (this.naming.get(saleId) ?? new Set()).add(seq));
  }

  private wrong(seq: number, reason: string): void {
    this.onFault({ seq, kind: 'trail-wrong-pointer', reason });
  }
}
