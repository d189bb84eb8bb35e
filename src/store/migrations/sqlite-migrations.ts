import { initialSqlite } from './0001-initial-sqlite.ts'
import { retention } from './0002-retention.ts'
import type { Migration } from './migration.ts'

/** In order. A new step is a file and a line here. */
export const sqliteMigrations = [initialSqlite, retention] as const satisfies readonly Migration[]
