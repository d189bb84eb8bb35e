import { userInfo } from 'node:os'
import { Option } from 'commander'

/** Who is asking, for the audit record. A container may run under a user id that has no name. */
export function loginName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** `--operator`, for commands whose acts are audited. */
export function operator(): Option {
  return new Option('--operator <name>', 'who does it, for the audit record').default(
    loginName(),
    'the name you are logged in with',
  )
}
