/**
 * Changes of the catalogue that are made without the gateway, on the installation's one audit record. Told before they
 * are made: an entry too many says what was tried, one too few would hide what was done. So what can't be recorded is not
 * done. Where no gateway ever ran (a folder with nothing but an index) there is no record to write to.
 */
import type { Config } from '../config/schema.ts'
import type { JsonValue } from '../core/audit.ts'
import { systemClock } from '../platform/clock.ts'
import { exists } from './first-start.ts'
import { openState, stateDir } from './open-state.ts'

/** Durable when it resolves. */
export type CatalogAudit = (details: { readonly [key: string]: JsonValue }) => Promise<void>

/** `actor`: the login name of who asked. Throws what `openState` throws. */
export function catalogAudit(config: Config, actor: string): CatalogAudit {
  return async (details) => {
    if (!(await exists(stateDir(config)))) return
    // Opened for each entry: watching a folder goes on for weeks, and a gateway may be installed meanwhile.
    const state = await openState(config)
    try {
      await state.audit.append({ event: 'catalog', actor, details }, systemClock.now())
    } finally {
      await state.close()
    }
  }
}
