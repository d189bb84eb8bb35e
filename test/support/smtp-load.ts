import { connect, type Socket } from 'node:net'

/** A message to send, and how it must come out the other end. */
export interface LoadMessage {
  readonly listener: string
  readonly sender: string
  readonly recipients: readonly string[]
  /** CRLF line ends, no line that begins with a dot. */
  readonly content: Buffer
}

/** What the server said to the end of one message; without an answer the message is in doubt. */
export interface LoadOutcome<T extends LoadMessage> {
  readonly message: T
  readonly reply: string | null
}

export interface LoadOptions<T extends LoadMessage> {
  readonly connections: number
  /** Messages before a connection is given up for a new one. */
  readonly messagesPerConnection: number
  readonly next: () => T
  /** Port of a listener right now; null while there is none. */
  readonly port: (listener: string) => number | null
}

const AWAY_MS = 20

/**
 * Sends as fast as the server takes it, over several connections, and keeps exactly what was answered. A message whose
 * connection broke is not sent again: it stays in doubt.
 */
export class SmtpLoad<T extends LoadMessage> {
  readonly outcomes: LoadOutcome<T>[] = []
  readonly #options: LoadOptions<T>
  readonly #running: Promise<void>[] = []
  #stopped = false

  constructor(options: LoadOptions<T>) {
    this.#options = options
  }

  start(): void {
    for (let i = 0; i < this.#options.connections; i++) this.#running.push(this.#client())
  }

  /** Ends after the messages under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const message = this.#options.next()
      const port = this.#options.port(message.listener)
      const dialogue = port === null ? null : await Dialogue.open(port).catch(() => null)
      if (!dialogue) await new Promise((resolve) => setTimeout(resolve, AWAY_MS))
      else await this.#session(dialogue, message)
    }
  }

  async #session(dialogue: Dialogue, first: T): Promise<void> {
    let message = first
    try {
      for (let sent = 0; sent < this.#options.messagesPerConnection && !this.#stopped; sent++) {
        if (message.listener !== first.listener) break
        await this.#send(dialogue, message)
        message = this.#options.next()
      }
      dialogue.end()
    } catch {
      dialogue.end()
    }
  }

  async #send(dialogue: Dialogue, message: T): Promise<void> {
    const rcpts = message.recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`)
    dialogue.write(`MAIL FROM:<${message.sender}>\r\n${rcpts.join('')}DATA\r\n`)
    let go = ''
    for (let i = 0; i < rcpts.length + 2; i++) go = await dialogue.reply()
    if (!go.startsWith('354')) throw new Error(go)
    dialogue.write(message.content)
    dialogue.write('.\r\n')
    // From here on the server may have it, whatever we hear.
    const place = this.outcomes.push({ message, reply: null }) - 1
    const reply = await dialogue.reply()
    this.outcomes[place] = { message, reply }
  }
}

/** One SMTP connection, line by line. */
class Dialogue {
  readonly #socket: Socket
  readonly #replies: string[] = []
  #rest = ''
  #waiting: { resolve: (reply: string) => void; reject: (error: Error) => void } | null = null
  #ended = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#take(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#ended = true
      this.#waiting?.reject(new Error('closed'))
    })
  }

  static async open(port: number): Promise<Dialogue> {
    const dialogue = new Dialogue(connect({ host: '127.0.0.1', port, noDelay: true }))
    await dialogue.reply()
    dialogue.write('EHLO load.example\r\n')
    await dialogue.reply()
    return dialogue
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes)
  }

  /** The next complete reply, its last line alone. */
  reply(): Promise<string> {
    const ready = this.#replies.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (this.#ended) return Promise.reject(new Error('closed'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\r\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line[3] === '-') continue
      const waiting = this.#waiting
      this.#waiting = null
      if (waiting) waiting.resolve(line)
      else this.#replies.push(line)
    }
  }
}
