import type { EncryptPlan, Modification } from '../core/decision.ts'
import { GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Clock } from '../ports/clock.ts'
import { applyEdits, type Edit, editedSize, sortEdits } from './edits.ts'
import { type EncryptionKeys, encryptMessage } from './encrypt-message.ts'
import { type KeyDirectory, type KeyProblem, openKeyDirectory } from './key-directory.ts'
import { readHead } from './message-head.ts'
import { addHeader, setHeader, tagSubject } from './rewrite-head.ts'
import type { RsaPadding } from './smime-recipient.ts'
import { stripAttachments } from './strip-attachment.ts'

/**
 * Makes of one stored original the messages that go out: modifications applied, encrypted where asked for, trace
 * headers on top. Works it all out before anything is sent: what can't be done throws GatewayError here, so that the
 * message is held whole. Without modification or encryption the original's bytes are streamed untouched.
 */
export interface ProtectRequest {
  readonly recipients: readonly string[]
  readonly content: () => AsyncIterable<Uint8Array>
  readonly size: number
  /** Complete header lines with CRLF. */
  readonly traceHeaders: string
  /** `redirect` is none of ours: recipients are given as they are now. */
  readonly modifications: readonly Modification[]
  readonly encrypt?: EncryptPlan
}

export interface OutgoingVariant {
  readonly recipients: readonly string[]
  readonly content: () => AsyncIterable<Uint8Array>
  /** Bytes, where known exactly. */
  readonly size?: number
  /** Encrypted bytes are 7-bit whatever the original was. */
  readonly sevenBit: boolean
}

export interface Protected {
  readonly variants: readonly OutgoingVariant[]
  /** Recipients nobody has a key for, when the plan's fallback is not `pass`. */
  readonly noKey: readonly string[]
}

export interface Protector {
  prepare(request: ProtectRequest): Promise<Protected>
  /** Key files that can't be used, for `doctor`. Throws GatewayError `key-directory` when the folder can't be read. */
  keyProblems(): Promise<readonly KeyProblem[]>
}

export interface ProtectorOptions {
  /** Decides which keys are valid; default: the system's. */
  readonly clock?: Clock
  /** Folder of `*.pem`, `*.crt` and `*.asc`; without one nobody has a key. Opened when a key is first looked for. */
  readonly keyDirectory?: string
  /** Subject outside an encrypted message, its real one being inside; absent: the real one stands outside. */
  readonly encryptedSubject?: string
  /** Key transport to RSA certificates; default `pkcs1`, which every S/MIME program opens. */
  readonly rsaPadding?: RsaPadding
}

export function createProtector(options: ProtectorOptions = {}): Protector {
  const clock = options.clock ?? Date
  const keys = options.keyDirectory === undefined ? null : openKeyDirectory(options.keyDirectory, clock)
  const source: KeySource = { clock, keys, rsaPadding: options.rsaPadding ?? 'pkcs1' }
  return {
    keyProblems: async () => (await keys?.problems()) ?? [],
    async prepare(request) {
      const { recipients, encrypt } = request
      if (recipients.length === 0) return { variants: [], noKey: [] }
      const edits = await editsFor(request)
      const head = Buffer.from(request.traceHeaders)
      const clear = (to: readonly string[]): OutgoingVariant => ({
        recipients: to,
        content: () => onTop(head, applyEdits(request.content(), edits)),
        size: head.length + editedSize(request.size, edits),
        sevenBit: false,
      })
      if (!encrypt) return { variants: [clear(recipients)], noKey: [] }
      const { sealed, without } = await assignKeys(recipients, encrypt, source)
      const edited = () => applyEdits(request.content(), edits)
      const variants: OutgoingVariant[] = []
      for (const { to, keys } of sealed) {
        const { content, sevenBit } = await encryptMessage(edited, keys, options.encryptedSubject ?? null)
        variants.push({ recipients: to, content: () => onTop(head, content()), sevenBit: sevenBit && isAscii(head) })
      }
      if (encrypt.fallback !== 'pass') return { variants, noKey: without }
      return { variants: without.length > 0 ? [...variants, clear(without)] : variants, noKey: [] }
    },
  }
}

async function* onTop(head: Uint8Array, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield head
  yield* content
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80)
}

/** All modifications as edits of the original; the order of kinds is that of `Modification`. */
async function editsFor(request: ProtectRequest): Promise<readonly Edit[]> {
  const { modifications } = request
  const edits: Edit[] = []
  const strips = modifications.filter((modification) => modification.kind === 'strip-attachment')
  if (strips.length > 0) edits.push(...stripAttachments(await readAll(request), strips))
  const tags = modifications.filter((modification) => modification.kind === 'tag-subject').map(({ tag }) => tag)
  if (tags.length > 0) edits.push(...tagSubject(await readHead(request.content()), tags))
  for (const modification of modifications)
    if (modification.kind === 'add-header') edits.push(addHeader(modification.name, modification.value))
  const sets = modifications.filter((modification) => modification.kind === 'set-header')
  if (sets.length > 0) {
    const head = await readHead(request.content())
    for (const { name, value } of sets) edits.push(...setHeader(head, name, value))
  }
  return sortEdits(edits)
}

async function readAll(request: ProtectRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.content()) {
    length += chunk.length
    if (length > limits.protectMessageMaxBytes)
      throw new GatewayError('too-large-to-change', {
        temporary: false,
        publicMessage: 'The message is too large to be changed.',
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

interface KeySource {
  readonly clock: Clock
  readonly keys: KeyDirectory | null
  readonly rsaPadding: RsaPadding
}

interface Sealed {
  readonly to: readonly string[]
  readonly keys: EncryptionKeys
}

/** The first method that has a key for everybody; else each recipient's first method that has one for them. */
async function assignKeys(
  recipients: readonly string[],
  plan: EncryptPlan,
  source: KeySource,
): Promise<{ readonly sealed: readonly Sealed[]; readonly without: readonly string[] }> {
  const found = await Promise.all(plan.methods.map((method) => keysOf(method, recipients, source)))
  const complete = found.find((keys) => keys.every((key) => key !== null))
  const chosen = complete ? [complete] : found
  const sealed: Sealed[] = []
  const taken = new Set<number>()
  for (const keys of chosen) {
    const mine = keys.flatMap((key, index) => (key && !taken.has(index) ? [{ key, index }] : []))
    for (const { index } of mine) taken.add(index)
    if (mine.length === 0) continue
    sealed.push({
      to: mine.map(({ index }) => recipients[index] ?? ''),
      keys: mine.map(({ key }) => key).reduce(joinKeys),
    })
  }
  return { sealed, without: recipients.filter((_, index) => !taken.has(index)) }
}

async function keysOf(
  method: EncryptPlan['methods'][number],
  recipients: readonly string[],
  { keys, clock, rsaPadding }: KeySource,
): Promise<readonly (EncryptionKeys | null)[]> {
  return Promise.all(
    recipients.map(async (recipient): Promise<EncryptionKeys | null> => {
      if (method === 'smime') {
        const certificate = await keys?.certificate(recipient)
        return certificate ? { method, certificates: [certificate], padding: rsaPadding } : null
      }
      const key = await keys?.openpgp(recipient)
      return key ? { method, keys: [key], at: clock.now() } : null
    }),
  )
}

function joinKeys(a: EncryptionKeys, b: EncryptionKeys): EncryptionKeys {
  if (a.method === 'smime' && b.method === 'smime')
    return { ...a, certificates: [...a.certificates, ...b.certificates] }
  if (a.method === 'openpgp' && b.method === 'openpgp') return { ...a, keys: [...a.keys, ...b.keys] }
  throw new Error('keys of two methods in one message')
}
