import { createHash } from 'node:crypto'
import { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { expect, it } from 'vitest'

/**
 * We replace or rely on these inner methods of smtp-server 3.21.6. When an update changes one, read what changed, adapt the
 * subclass, and only then put the new hash here.
 */
const reviewed: readonly (readonly [object, string, string])[] = [
  [SMTPConnection.prototype, 'init', '1265a7d7ca8f5510'],
  [SMTPConnection.prototype, 'connectionReady', '361a2b1de88fbf67'],
  [SMTPConnection.prototype, '_createParser', '15ca8c360137e06a'],
  [SMTPConnection.prototype, '_setListeners', 'cf07ab6f47db09ac'],
  [SMTPConnection.prototype, '_onCommand', '41c8a1b7a32aa314'],
  [SMTPConnection.prototype, '_onTimeout', 'f21be62dd64b1dec'],
  [SMTPConnection.prototype, '_onClose', '097b8d221da5c5ad'],
  [SMTPConnection.prototype, '_onError', 'ddcc47e46ea941e0'],
  [SMTPConnection.prototype, '_whenWritable', '4335aceb04b5eb3a'],
  [SMTPConnection.prototype, 'close', '4b80aaabd134a732'],
  [SMTPConnection.prototype, 'send', 'c33568c0111a58b2'],
  [SMTPConnection.prototype, '_getEnhancedStatusCode', 'c0488b13c4262983'],
  [SMTPConnection.prototype, '_resetSession', '2bf7682ca13869a0'],
  [SMTPConnection.prototype, '_proxyCommandAllowed', '70f3170cf318a54b'],
  [SMTPConnection.prototype, '_sendGreeting', 'dc5cd4bb4b93013f'],
  [SMTPConnection.prototype, 'upgrade', '6a3fa8a3ee413745'],
  [SMTPConnection.prototype, 'handler_STARTTLS', '54e8a7f36219f4c0'],
  [SMTPConnection.prototype, 'handler_AUTH', '2533179c785e8329'],
  [SMTPConnection.prototype, 'handler_XCLIENT', 'e8fa4dc487132140'],
  [SMTPConnection.prototype, 'handler_XFORWARD', '678b4f260fd9ab8a'],
  [SMTPServer.prototype, 'connect', '9818ea13a1c36459'],
  [SMTPServer.prototype, '_acceptSocket', 'f4c69396f94c5c50'],
  [SMTPServer.prototype, '_handleProxy', 'b52456c48b0458fe'],
  [SMTPServer.prototype, '_upgrade', '2d34eaba8e47830d'],
  [SMTPServer.prototype, 'updateSecureContext', '643afa2b7bfe4d0d'],
  [SMTPStream.prototype, '_write', 'a72635ce53e24b3a'],
  [SMTPStream.prototype, '_flushData', '84553453dd028d62'],
]

function hash(owner: object, method: string): string {
  const source = (owner as Record<string, unknown>)[method]
  return createHash('sha256').update(String(source)).digest('hex').slice(0, 16)
}

it.each(reviewed.map(([owner, method, expected]) => [method, owner, expected] as const))(
  '%s is as it was when it was reviewed',
  (method, owner, expected) => {
    expect(hash(owner, method), method).toBe(expected)
  },
)

it('still waits 100 ms before a greeting, which init() takes out', () => {
  expect(SMTPConnection.prototype.init.toString()).toContain('setTimeout(() => this.connectionReady(), 100)')
})

it('has the classes we extend', () => {
  expect([SMTPServer, SMTPConnection, SMTPStream].every((c) => typeof c === 'function')).toBe(true)
})
