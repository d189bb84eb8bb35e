import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/core/errors.ts'
import { createLog } from '../../src/platform/log.ts'

function captured(level: 'info' | 'debug' = 'info') {
  const lines: string[] = []
  const log = createLog({ level, process: 'gateway', destination: { write: (line) => void lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> }
}

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('log', () => {
  it('writes one JSON object a line, with level, time and process', () => {
    const { log, lines, last } = captured()
    log.info({ id: '01ABC' }, 'accepted')
    log.debug('not at this level')
    expect(lines).toHaveLength(1)
    expect(last()).toMatchObject({ level: 'info', process: 'gateway', id: '01ABC', msg: 'accepted' })
    expect(String(last().time)).toMatch(/^\d{4}-\d\d-\d\dT/)
  })

  it('keeps the messages of our own and of system errors', () => {
    const { log, last } = captured()
    const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    })
    const err = new GatewayError('spool-full', {
      temporary: true,
      publicMessage: 'later',
      message: 'the disk is full',
      cause,
    })
    log.error({ err }, 'intake stopped')
    expect(last().err).toMatchObject({
      type: 'GatewayError',
      code: 'spool-full',
      temporary: true,
      message: 'the disk is full',
      cause: { code: 'ENOSPC', message: expect.stringContaining('no space left') },
    })
    log.error({ err: thrownBy(() => (undefined as unknown as { x: number }).x) }, 'bug')
    expect(last().err).toMatchObject({ type: 'TypeError', message: expect.stringContaining('undefined') })
  })

  it('no-raw-value-outside-blobs: messages of parsers, which may quote what they parsed, are not logged', () => {
    const secret = '4111111111111111'
    const { log, lines } = captured()
    const errors = [
      thrownBy(() => JSON.parse(`${secret} is a card`)),
      thrownBy(() => BigInt(`${secret}x`)),
      thrownBy(() => Buffer.alloc(secret as unknown as number)),
      new Error(`unexpected token near ${secret}`),
      new GatewayError('x', { temporary: true, publicMessage: 'x', cause: new Error(secret) }),
      secret,
    ]
    for (const err of errors) log.error({ err }, 'failed')
    expect(lines).toHaveLength(errors.length)
    expect(lines.join('')).not.toContain(secret)
    expect(lines[3]).toContain('log.test.ts')
  })

  it('no-raw-value-outside-blobs: fields that carry content are censored', () => {
    const { log, lines } = captured()
    log.info(
      { value: 'SECRET', finding: { excerpt: 'SECRET', deep: { normalized: 'SECRET' } }, subject: 'SECRET' },
      'x',
    )
    expect(lines.join('')).not.toContain('SECRET')
  })
})
