/**
 * The one schema of `sluice.yaml`. Every key has its default and its explanation here and nowhere else: the commented
 * file of the first start, the reference page and the editors' JSON Schema are generated from it.
 */
import { z } from 'zod'
import { limits } from '../core/limits.ts'
import { address, addressOrDomain, cidr, domain, duration, durationOrForever, size } from './units.ts'

const port = z.number().int().min(0).max(65535)
const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'use letters, digits, `-` and `_`, at most 63')
const path = z.string().min(1)
const count = (fallback: number, max: number) => z.number().int().min(1).max(max).default(fallback)

const tls = z.strictObject({
  mode: z
    .enum(['none', 'starttls', 'implicit'])
    .default('none')
    .describe('`starttls` offers it, `implicit` speaks TLS from the first byte (port 465).'),
  required: z.boolean().default(false).describe('Refuse mail on a connection that has not turned to TLS.'),
  certificate: path.optional().describe('PEM file with the certificate chain; read again when it changes.'),
  key: path.optional().describe('PEM file with the private key.'),
})

const listener = z.strictObject({
  name: name.describe('Stands in logs, metrics and the Received header.'),
  kind: z
    .enum(['relay', 'submission'])
    .default('relay')
    .describe('`relay` takes mail from listed client networks; `submission` from those who authenticate over TLS.'),
  host: z.string().default('127.0.0.1').describe('Address to listen on; `::` for all.'),
  port: port.describe('TCP port; 0 picks a free one.'),
  clients: z
    .array(cidr)
    .default(['127.0.0.0/8', '::1/128'])
    .describe(
      'Networks (CIDR) whose hosts may relay, or may sign in. Everyone else gets `554 5.7.1`; `[]` on `submission`: all may try.',
    ),
  tls: tls.prefault({}).describe('A submission listener needs a `mode` other than `none`.'),
  reply: z
    .enum(['after-spool', 'after-decision'])
    .default('after-spool')
    .describe('When 250 is said: once the message is safe on disk, or once it is decided (550 for a block).'),
  decision_deadline: duration(limits.smtpDecisionDeadlineMs).describe(
    'How long `after-decision` waits before it answers as `after-spool` does.',
  ),
  line_endings: z
    .enum(['reject', 'canonicalise'])
    .default('reject')
    .describe('What becomes of bare CR and bare LF in DATA: refused, or made CRLF before hashing and scanning.'),
  xclient_from: z.array(cidr).default([]).describe('Networks whose hosts may use XCLIENT.'),
  xforward_from: z.array(cidr).default([]).describe('Networks whose hosts may use XFORWARD.'),
  users_file: path
    .optional()
    .describe('For `submission`: file of `name:scrypt-hash` lines, written by `sluice users add`.'),
})

const nextHopTls = z.union([
  z.enum(['none', 'opportunistic', 'required']),
  z.strictObject({
    verified: z.strictObject({
      ca: path.optional().describe('PEM file of accepted authorities; default: the system’s.'),
      name: z.string().optional().describe('Name the certificate must bear; default: the host’s.'),
      pin: z
        .string()
        .regex(/^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$|^[A-Za-z0-9+/]{43}=$/i, 'write a SHA-256, 64 hex digits or base64')
        .optional()
        .describe('SHA-256 of the server’s public key (SPKI), hex or base64. Alone: nothing else is looked at.'),
    }),
  }),
])

const nextHop = z.strictObject({
  host: z.string().min(1).describe('Name or address. Names are looked up, MX records are not.'),
  port: z.number().int().min(1).max(65535).default(25),
  tls: nextHopTls
    .default('opportunistic')
    .describe('STARTTLS: never, where offered, always, or always with a certificate that proves who it is.'),
  implicit_tls: z.boolean().default(false).describe('TLS from the first byte (RFC 8314), usually on port 465.'),
  auth: z
    .strictObject({
      user: z.string().min(1),
      password_file: path.describe('File whose first line is the password, mode 0600; read at every connection.'),
    })
    .optional()
    .describe('Signs in there; only over TLS.'),
})

const destination = z.union([
  z.strictObject({ hosts: z.array(nextHop).min(1).describe('Tried in order until one takes the conversation up.') }),
  z.strictObject({ maildir: path.describe('Local Maildir that mail is written into.') }),
])

const route = z.strictObject({
  domains: z.array(domain).min(1).describe('`example.com`, or `*.example.com` for every subdomain.'),
  to: destination.describe('As `delivery.default`.'),
})

const limitsSchema = z.strictObject({
  message_size: size(limits.smtpMessageSizeMaxBytes).describe(
    'Largest message, announced with SIZE. Larger ones get `552 5.3.4`.',
  ),
  header_size: size(limits.smtpHeaderMaxBytes).describe('Largest header of a message; beyond it `552 5.3.4`.'),
  line_length: size(limits.smtpDataLineMaxBytes).describe('Longest line in DATA; beyond it `554 5.6.0`.'),
  recipients: count(limits.smtpRecipientsMax, 100_000).describe(
    'Recipients of one transaction; the rest get `452 4.5.3`.',
  ),
  connections: count(limits.smtpConnectionsMax, 100_000).describe('SMTP connections at a time; beyond it `421 4.7.0`.'),
  connections_per_client: count(limits.smtpConnectionsPerClientMax, 100_000).describe(
    'SMTP connections of one client at a time.',
  ),
  command_errors: count(limits.smtpCommandErrorsMax, 10_000).describe('Mistakes in one session before it is closed.'),
  idle_timeout: duration(limits.smtpIdleTimeoutMs).describe(
    'A session in which nothing happens for this long is closed.',
  ),
  session_time: duration(limits.smtpSessionMaxMs).describe('No session lasts longer.'),
  data_time: duration(limits.smtpDataTimeoutMs).describe('No DATA lasts longer.'),
  data_rate: size(limits.smtpDataRateMinBytesPerSecond).describe('Slowest sender tolerated in DATA, bytes a second.'),
  hops: count(limits.smtpHopsMax, 1000).describe('Received headers before a message counts as looping (`554 5.4.6`).'),
  spool_free: size(limits.spoolFreeBytesMin).describe('Intake answers 452 below this much free disk.'),
  spool_messages: count(limits.spoolSubmissionsMax, 100_000_000).describe('Intake answers 452 past this many waiting.'),
  archive_depth: count(limits.extractDepthMax, 64).describe(
    'Containers inside containers; deeper content is `too-deep`.',
  ),
  archive_members: count(limits.extractPartsMax, 1_000_000).describe(
    'Parts of one message, members of archives included; beyond it `too-many`.',
  ),
  inflated_size: size(limits.extractInflatedMaxBytes).describe(
    'What one message may unpack to altogether, or twenty times its size for an upload past 32 MB where that is more; beyond it `too-large`.',
  ),
  inflate_ratio: count(limits.extractRatioMax, 100_000).describe(
    'How many times its size something may unpack to; beyond it `too-large`.',
  ),
  scan_size: size(limits.scanSizeMaxBytes).describe(
    'Largest message or upload that is inspected; a larger one is `too-large` as a whole, and not read.',
  ),
  scan_time: duration(limits.scanDeadlineMs).describe(
    'A longer scan is ended; its message counts as not inspected (`timeout`). A second more for each 512 KB past 32 MB.',
  ),
  scan_memory: size(limits.scanWorkerMemoryMaxBytes).describe(
    'JavaScript heap of one scan worker; beyond it the message counts as not inspected (`too-large`).',
  ),
  extract_time: duration(limits.extractCpuMs).describe(
    'Taking one message apart; what is left of it then is not inspected (`timeout`). A second more for each 512 KB past 32 MB.',
  ),
  sandbox_memory: size(limits.sandboxMemoryMaxBytes).describe(
    'Memory for reading one part of a message in the sandbox; a part that needs more is `too-large`.',
  ),
  active_messages: count(limits.activeSubmissionsMax, 10_000).describe('How many are inspected and delivered at once.'),
})

export const configSchema = z.strictObject({
  hostname: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?$/i, 'write a host name such as `dlp.example.com`')
    .optional()
    .describe('Name in greetings, Received headers and bounces; default: the system’s host name.'),
  data_dir: path.default('./data').describe('Spool, state, quarantine and catalogue. `SLUICE_DATA_DIR` overrides it.'),
  keys_dir: path.optional().describe('Key files, mode 0600; default: `keys` in the data folder.'),
  listeners: z.array(listener).min(1).describe('Where mail comes in.'),
  admin: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: port.default(9925).describe('TCP port; 0 picks a free one.'),
      api: z
        .boolean()
        .default(true)
        .describe('The HTTP API below `/api/`, for whoever bears the token in `api.token` of the keys folder.'),
    })
    .prefault({})
    .describe('`/healthz`, `/readyz`, `/metrics` and the HTTP API. Keep it on an inside address.'),
  organisation: z
    .strictObject({
      domains: z.array(domain).default([]).describe('Your own mail domains; every other recipient is external.'),
      partners: z
        .record(name, z.array(addressOrDomain))
        .default({})
        .describe('Named lists of partner domains and addresses, for policies.'),
      groups: z
        .record(name, z.array(addressOrDomain))
        .default({})
        .describe('Named groups of your own addresses and domains.'),
      managers: z.record(address, address).default({}).describe('Address -> manager’s address, for notices.'),
      reviewers: z.array(address).default([]).describe('Who is told when something is held.'),
      contact: z.string().optional().describe('Whom a sender may ask; stands in bounces and notices.'),
    })
    .prefault({}),
  policies: z.array(path).default(['./policies']).describe('Files and folders of policies.'),
  rules: z.array(path).default(['./rules']).describe('Files and folders of detection rules.'),
  labels: path.optional().describe('Label map: other schemes’ classification labels -> your own ordered levels.'),
  delivery: z
    .strictObject({
      default: destination.optional().describe('Where mail goes that no route takes; default: a local Maildir.'),
      routes: z
        .array(route)
        .default([])
        .describe('By recipient domain. An exact domain wins over `*.suffix`, a longer suffix over a shorter one.'),
      expire: duration(limits.deliveryExpireMs).describe('After this long undelivered mail is bounced.'),
      delay_notice: duration(limits.deliveryDelayNoticeMs).describe('After this long the sender is told it is late.'),
      retry_first: duration(limits.deliveryRetryFirstMs).describe(
        'Pause after the first failed try; it doubles up to the next key.',
      ),
      retry_max: duration(limits.deliveryRetryMaxMs).describe('Longest pause between two tries.'),
      connections_per_hop: count(limits.deliveryConnectionsPerHopMax, 1000).describe(
        'Connections open to one host at a time.',
      ),
      templates: path.optional().describe('Folder of notification templates that replace the built-in ones.'),
    })
    .prefault({}),
  encryption: z
    .strictObject({
      keys: path.optional().describe('Folder of recipients’ certificates (.pem, .crt) and OpenPGP keys (.asc).'),
    })
    .prefault({}),
  dispatch: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('embedded').describe('`bullmq` needs `redis` or `redis_file`.') }),
      z.strictObject({
        kind: z.literal('bullmq'),
        redis: z
          .string()
          .regex(/^rediss?:\/\/\S+$/, 'write a URL such as `redis://127.0.0.1:6379/0`')
          .describe('`redis://host:6379/0`; or `redis_file`, a file that holds the URL.')
          .optional(),
        redis_file: path.optional().describe('File that holds the URL, password and all.'),
        queue: name.default('sluice').describe('Name of the queue; two installations on one Redis need two names.'),
      }),
    ])
    .default({ kind: 'embedded' })
    .describe('Who hands out work: this process, or BullMQ on Redis with `sluice worker` processes.'),
  worker: z
    .strictObject({
      admin: z
        .strictObject({
          host: z.string().default('127.0.0.1').describe('Address to listen on.'),
          port: z
            .union([z.literal('off'), port])
            .default(0)
            .describe(
              'TCP port; 0 picks a free one, which the worker prints; `sluice worker --admin-port` wins over it.',
            ),
        })
        .prefault({})
        .describe('`/healthz`, `/readyz` and `/metrics` of each worker. Keep it on an inside address.'),
    })
    .prefault({})
    .describe('Processes started by `sluice worker`.'),
  scan: z
    .strictObject({
      threads: z.number().int().min(1).max(256).optional().describe('Scan workers; default: one per core.'),
      passwords: z
        .array(z.string())
        .default([])
        .describe('Tried on encrypted zip, 7z and RAR archives, Office documents and PDF files.'),
      passwords_from_message: z
        .boolean()
        .default(false)
        .describe('Words of a mail’s own text are tried as well: whoever writes the password beside the file.'),
      sandbox: z
        .enum(['auto', 'bubblewrap', 'process'])
        .default('auto')
        .describe(
          'Where documents, archives and pictures are read: under bubblewrap where that works, else in a process with limits alone (`auto`); nowhere else (`bubblewrap`: without it nothing starts); never under bubblewrap (`process`).',
        ),
      ocr: z
        .strictObject({
          enabled: z
            .boolean()
            .default(true)
            .describe('Read text in pictures and scanned pages. Off: they are told as `not-readable`.'),
          languages: z
            .array(
              z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'use the name of a traineddata file, such as `eng`'),
            )
            .min(1)
            .max(limits.ocrLanguagesMax)
            .default(['eng'])
            .describe('Tesseract’s names of the languages to expect, the main one first; each one costs time.'),
          data: path
            .optional()
            .describe('Folder of `<language>.traineddata` files, gzipped or not. English comes with Sluice.'),
        })
        .prefault({})
        .describe('Text recognition in pictures.'),
    })
    .prefault({}),
  quarantine: z
    .strictObject({
      retention: duration(limits.quarantineRetentionMs).describe('After this long held content is deleted.'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      records: duration(limits.recordRetentionMs).describe(
        'After this long the record of a finished message is deleted: envelope, decision, report, results.',
      ),
      audit: durationOrForever(limits.auditRetentionMs).describe(
        'After this long audit entries are deleted, never before the record of their message; `forever` keeps them.',
      ),
    })
    .prefault({})
    .describe('How long it is known what became of a message. Its content goes as soon as it is delivered or ended.'),
  limits: limitsSchema.prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('JSON lines on stderr.'),
    })
    .prefault({}),
})

export type Config = z.output<typeof configSchema>
export type DestinationConfig = z.output<typeof destination>
