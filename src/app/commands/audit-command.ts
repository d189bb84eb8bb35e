import { openInstallation } from '../open-state.ts'
import { print } from './output.ts'

interface Flags {
  readonly json?: boolean
  readonly submission?: string
  readonly after?: number
  readonly config?: string
}

export async function runAuditVerify(flags: Flags): Promise<number> {
  const { state } = await openInstallation(flags)
  try {
    const verdict = await state.audit.verify()
    if (flags.json) process.stdout.write(`${JSON.stringify(verdict)}\n`)
    else if (verdict.ok) process.stdout.write(`The chain is whole: ${extent(verdict)}, head ${verdict.head}\n`)
    else process.stdout.write(`The chain is BROKEN at entry ${verdict.brokenAt}: ${verdict.problem}\n`)
    return verdict.ok ? 0 : 1
  } finally {
    await state.close()
  }
}

function extent({ entries, first }: { readonly entries: number; readonly first?: number }): string {
  return first === undefined
    ? `${entries} entries`
    : `${entries} entries from ${first} on (retention removed those before)`
}

/** For after a legitimate restore: until then `verify` says that entries are missing at the end. */
export async function runAuditAnchor(
  flags: Flags & { readonly reason: string; readonly operator: string },
): Promise<number> {
  if (flags.reason.trim() === '' || flags.operator.trim() === '') {
    process.stderr.write("sluice audit anchor: --reason and the operator's name must not be empty\n")
    return 2
  }
  const { state } = await openInstallation(flags)
  try {
    await state.renewAuditAnchor(flags.operator, flags.reason)
    const verdict = await state.audit.verify()
    if (flags.json) process.stdout.write(`${JSON.stringify(verdict)}\n`)
    else if (verdict.ok)
      process.stdout.write(
        `The anchor is renewed at entry ${(verdict.first ?? 1) + verdict.entries - 1}, which says why\n`,
      )
    else process.stdout.write(`The chain itself is BROKEN at entry ${verdict.brokenAt}: ${verdict.problem}\n`)
    return verdict.ok ? 0 : 1
  } finally {
    await state.close()
  }
}

export async function runAuditExport(flags: Flags): Promise<number> {
  const { state } = await openInstallation(flags)
  try {
    const filter = {
      ...(flags.submission ? { submission: flags.submission } : {}),
      ...(flags.after === undefined ? {} : { after: flags.after }),
    }
    for await (const entry of state.audit.entries(filter)) if (!(await print(`${JSON.stringify(entry)}\n`))) break
    return 0
  } finally {
    await state.close()
  }
}
