/**
 * Passwords that Office itself tries before it asks a person for one, so whoever gets such a file opens it like any other
 * ([MS-XLS] 2.2.10; PowerPoint uses one for files that may be read and not changed). They are tried before those of a
 * policy.
 */
export const EXCEL_DEFAULT_PASSWORD = 'VelvetSweatshop'
export const POWERPOINT_DEFAULT_PASSWORD = '/01Hannes Ruescher/01'
