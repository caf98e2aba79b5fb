/** A table in Markdown; what could end a cell or begin markup in a name is escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

const escaped = (cell: string): string => cell.replace(/\|/g, '\\|').replace(/</g, '&lt;').replace(/\s+/g, ' ');
