/** Values of a column that could not be understood: they are null in the metadata. */
export interface UnreadColumn {
  /** Relative path of the input file. */
  readonly file: string;
  readonly column: string;
  /** Its type, as the file names it; '' where it does not. */
  readonly type: string;
  /** What was expected and what came, of the first value. */
  readonly detail: string;
  /** Documents. */
  readonly rows: number;
}

/** Columns of files that are counted one by one, the first in input order. */
export const MOST_UNREAD = 100;
/** Under this name those after them are counted together. */
export const OTHER_FILES = 'other files';

/** Adds to a list that stays short whatever the input holds; the list is changed and returned. */
export function addUnread(list: UnreadColumn[], added: UnreadColumn): UnreadColumn[] {
  const sum = (of: (u: UnreadColumn) => boolean, otherwise: UnreadColumn): UnreadColumn[] => {
    const at = list.findIndex(of);
    if (at < 0) list.push(otherwise);
    else list[at] = { ...list[at], rows: list[at].rows + otherwise.rows };
    return list;
  };
  const same = (u: UnreadColumn): boolean => u.file === added.file && u.column === added.column;
  if (list.length < MOST_UNREAD || list.some(same)) return sum(same, added);
  const other = { ...added, file: OTHER_FILES, column: '', type: '' };
  return sum((u) => u.file === OTHER_FILES && u.column === '', other);
}
