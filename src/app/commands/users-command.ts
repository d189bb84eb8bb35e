import { removeUser, setUser } from '../../platform/password-file.ts'

const PASSWORD_MIN_CHARS = 12
const STDIN_MAX_BYTES = 4096

export async function runUsersAdd(file: string, name: string): Promise<number> {
  if (process.stdin.isTTY) process.stderr.write(`Password for ${name}, then Enter and Ctrl-D: `)
  const password = (await readStdin()).replace(/\r?\n$/, '')
  if (password.length < PASSWORD_MIN_CHARS) {
    process.stderr.write(
      `sluice users add: a password has at least ${PASSWORD_MIN_CHARS} characters; nothing was changed\n`,
    )
    return 2
  }
  await setUser(file, name, password)
  process.stdout.write(`${name} may submit mail\n`)
  return 0
}

export async function runUsersRemove(file: string, name: string): Promise<number> {
  if (await removeUser(file, name)) {
    process.stdout.write(`${name} may no longer submit mail\n`)
    return 0
  }
  process.stderr.write(`sluice users remove: no user ${name} in ${file}\n`)
  return 1
}

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > STDIN_MAX_BYTES) break
  }
  return text
}
