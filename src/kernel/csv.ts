/** Quoted where it must be; what a spreadsheet would take for a formula is kept as text. */
export const csvCell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Rows of cells, ready to stand there, as a file: UTF-8 with a byte order mark, lines ended by CR LF. */
export const csvText = (rows: readonly (readonly string[])[]): string =>
  `\ufeff${rows.map((row) => `${row.join(',')}\r\n`).join('')}`;
