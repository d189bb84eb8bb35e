/**
 * Passwords that Office itself tries before it asks a person for one, so whoever gets such a file opens it like any other
 * ([MS-XLS] 2.2.10; PowerPoint uses one for files that may be read and not changed). They are tried before those of a
 * policy. What they open is read and told as encrypted all the same: whoever else looks at it on its way sees nothing.
 */
export const EXCEL_DEFAULT_PASSWORD = 'VelvetSweatshop'
export const POWERPOINT_DEFAULT_PASSWORD = '/01Hannes Ruescher/01'
export const OPENED_BY_DEFAULT = 'default password'
