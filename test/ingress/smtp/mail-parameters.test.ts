import { describe, expect, it } from 'vitest'
import { parseMailParameters, parseRcptParameters } from '../../../src/ingress/smtp/mail-parameters.ts'

const options = { sizeMaxBytes: 1000, auth: false }

describe('parameters of MAIL', () => {
  it.each([
    ['', { body: '7BIT', smtpUtf8: false }],
    [' SIZE=1000', { body: '7BIT', smtpUtf8: false, size: 1000 }],
    [' body=8bitmime', { body: '8BITMIME', smtpUtf8: false }],
    [' SMTPUTF8 BODY=8BITMIME', { body: '8BITMIME', smtpUtf8: true }],
    [' RET=hdrs ENVID=QQ+2B314159', { body: '7BIT', smtpUtf8: false, ret: 'HDRS', envid: 'QQ+2B314159' }],
    [`  ENVID=${'e'.repeat(100)} `, { body: '7BIT', smtpUtf8: false, envid: 'e'.repeat(100) }],
  ])('%j', (text, value) => {
    expect(parseMailParameters(text, options)).toEqual({ ok: true, value })
  })

  it.each([
    [' SIZE=1001', 552],
    [' SIZE=x', 501],
    [' SIZE', 501],
    [` SIZE=${'1'.repeat(21)}`, 501],
    [' BODY=BINARYMIME', 501],
    [' SMTPUTF8=yes', 501],
    [' RET=SOME', 501],
    [' RET=FULL RET=FULL', 501],
    [' ENVID=a+2', 501],
    [' ENVID=a+zz', 501],
    [' ENVID=a=b', 501],
    [` ENVID=${'e'.repeat(101)}`, 501],
    [' XYZ=1', 555],
    [' REQUIRETLS', 555],
    [' AUTH=<>', 555],
    [' =1', 501],
    ['SIZE=1', 501],
    [' ENVID=a\tb', 501],
  ])('%j is refused', (text, code) => {
    const parsed = parseMailParameters(text, options)
    expect(parsed.ok ? 0 : parsed.reply.code).toBe(code)
  })

  it('takes AUTH= where AUTH is announced', () => {
    expect(parseMailParameters(' AUTH=<>', { ...options, auth: true }).ok).toBe(true)
    expect(parseMailParameters(' AUTH=e+3Dmc2@example.com', { ...options, auth: true }).ok).toBe(true)
    expect(parseMailParameters(' AUTH', { ...options, auth: true }).ok).toBe(false)
  })
})

describe('parameters of RCPT', () => {
  it.each([
    ['', {}],
    [' NOTIFY=NEVER', { notify: ['NEVER'] }],
    [' notify=success,Delay', { notify: ['SUCCESS', 'DELAY'] }],
    [' ORCPT=rfc822;Bob+2Bx@example.com', { orcpt: 'rfc822;Bob+2Bx@example.com' }],
    [' ORCPT=x400;/C=de/'.replace('=de', '+3Dde'), { orcpt: 'x400;/C+3Dde/' }],
    [' ORCPT=utf-8;b\\x{FC}b@example.com', { orcpt: 'utf-8;b\\x{FC}b@example.com' }],
    [' NOTIFY=FAILURE ORCPT=rfc822;a@x', { notify: ['FAILURE'], orcpt: 'rfc822;a@x' }],
  ])('%j', (text, value) => {
    expect(parseRcptParameters(text, { smtpUtf8: false })).toEqual({ ok: true, value })
  })

  it.each([
    [' NOTIFY=', 501],
    [' NOTIFY', 501],
    [' NOTIFY=NEVER,DELAY', 501],
    [' NOTIFY=DELAY,DELAY', 501],
    [' NOTIFY=OFTEN', 501],
    [' ORCPT=rfc822', 501],
    [' ORCPT=rfc822;', 501],
    [' ORCPT=;a@x', 501],
    [' ORCPT=rfc822;no-address', 501],
    [' ORCPT=rfc822;a@x+0D+0A', 501],
    [' ORCPT=rfc822;a+g@x', 501],
    [' ORCPT=utf-8;bübb@x', 501],
    [` ORCPT=rfc822;${'a'.repeat(500)}@x`, 501],
    [' SIZE=1', 555],
  ])('%j is refused', (text, code) => {
    const parsed = parseRcptParameters(text, { smtpUtf8: false })
    expect(parsed.ok ? 0 : parsed.reply.code).toBe(code)
  })

  it('takes UTF-8 in ORCPT with SMTPUTF8 only', () => {
    expect(parseRcptParameters(' ORCPT=utf-8;bübb@x', { smtpUtf8: true }).ok).toBe(true)
  })
})
