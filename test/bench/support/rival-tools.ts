import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Public tools that read the same files, by the kind of file, and what running one costs: user and system CPU time of the
 * tool and everything it starts, as the shell's `time` counts it. Tools that take many files at once get them at once;
 * the others are started for each, as whoever uses them has to. What is not installed is said, not skipped.
 */
export interface RivalTool {
  readonly name: string
  /** Program that has to be on the PATH. */
  readonly program: string
  /**
   * Shell commands that read `"$@"` and throw the result away. They run in a scratch folder; `$out` is an empty folder
   * there, and `each` gives every file its own.
   */
  readonly script: string
  /** The same without work to do: what starting it costs, where that is most of it. */
  readonly startUp?: string
}

const each = (command: string) =>
  `n=0; failed=; for file in "$@"; do out=out/$((n++)); ${command} || failed=1; done >/dev/null 2>&1; [ -z "$failed" ]`
const office = (target: string): RivalTool => ({
  name: 'LibreOffice',
  program: 'soffice',
  script: `soffice -env:UserInstallation=file://$PWD/profile --headless --convert-to ${target} --outdir out "$@" >/dev/null 2>&1`,
  startUp: 'soffice -env:UserInstallation=file://$PWD/profile --headless --cat none >/dev/null 2>&1',
})

/** Header fields decoded, text decoded by its charset, attachments decoded: what the library is for. */
const PYTHON_MAIL = `import email, email.policy, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    for part in message.walk():
        part.items()
        if part.get_content_maintype() == "text":
            part.get_content()
        elif not part.is_multipart():
            part.get_payload(decode=True)
`

const archives: readonly RivalTool[] = [
  { name: '7z', program: '7z', script: each('7z x -so -mmt1 "$file"') },
  { name: 'bsdtar', program: 'bsdtar', script: each('bsdtar -xOf "$file"') },
]

const tools: Readonly<Record<string, readonly RivalTool[]>> = {
  docx: [{ name: 'docx2txt', program: 'docx2txt', script: each('docx2txt "$file" -') }, office('txt:Text')],
  xlsx: [{ name: 'xlsx2csv', program: 'xlsx2csv', script: each('xlsx2csv "$file"') }, office('csv')],
  pptx: [office('fodp')],
  odt: [{ name: 'odt2txt', program: 'odt2txt', script: each('odt2txt "$file"') }, office('txt:Text')],
  doc: [
    { name: 'catdoc', program: 'catdoc', script: each('catdoc "$file"') },
    { name: 'antiword', program: 'antiword', script: each('antiword "$file"') },
  ],
  xls: [{ name: 'xls2csv', program: 'xls2csv', script: each('xls2csv "$file"') }],
  ppt: [{ name: 'catppt', program: 'catppt', script: each('catppt "$file"') }],
  rtf: [{ name: 'unrtf', program: 'unrtf', script: each('unrtf --text "$file"') }],
  pdf: [{ name: 'pdftotext', program: 'pdftotext', script: each('pdftotext "$file" -') }],
  zip: [{ name: 'unzip', program: 'unzip', script: each('unzip -p "$file"') }, ...archives],
  '7z': archives,
  tar: [{ name: 'tar', program: 'tar', script: each('tar -xOf "$file"') }, ...archives],
  gz: [{ name: 'gzip', program: 'gzip', script: each('gzip -dc "$file"') }, ...archives],
  eml: [
    { name: 'ripmime', program: 'ripmime', script: each('ripmime -i "$file" -d $out') },
    { name: 'munpack', program: 'munpack', script: each('munpack -q -t -C $out "$file"') },
    {
      name: 'Python email',
      program: 'python3',
      script: `python3 -c '${PYTHON_MAIL}' "$@"`,
      startUp: `python3 -c '${PYTHON_MAIL}'`,
    },
  ],
  html: [{ name: 'w3m', program: 'w3m', script: each('w3m -dump -T text/html "$file"') }],
}

/** Tools for files of this kind; none for a kind that no tool here reads. */
export function toolsFor(kind: string): readonly RivalTool[] {
  return tools[kind] ?? []
}

export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** CPU milliseconds, user and system, of running a script once over the files; NaN where it failed. */
export function cpuOf(script: string, files: readonly string[], folder: string): number {
  const out = join(folder, 'out')
  rmSync(out, { recursive: true, force: true })
  for (let at = 0; at <= files.length; at++) mkdirSync(join(out, `${at}`), { recursive: true })
  const timed = `TIMEFORMAT='%U %S'; time { ${script}\n}`
  const run = spawnSync('bash', ['-c', timed, 'bash', ...files], { cwd: folder, encoding: 'utf8', timeout: 300_000 })
  if (run.status !== 0) return Number.NaN
  const [user, system] = (run.stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * 1000
}

/** Converts files by LibreOffice; false where it is not installed. */
export function convert(target: string, files: readonly string[], into: string): boolean {
  if (!isInstalled('soffice')) return false
  const profile = `-env:UserInstallation=file://${into}/profile`
  execFileSync('soffice', [profile, '--headless', '--convert-to', target, '--outdir', into, ...files], {
    stdio: 'ignore',
    timeout: 300_000,
  })
  return true
}
