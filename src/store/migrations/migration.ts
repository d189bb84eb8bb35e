/**
 * One step of a store's schema. Numbers go up by one; a step that has shipped is never edited, a new one is added.
 */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}
