/** `ip`: an IPv4 or IPv6 address, with zone or prefix length; `ip(public)` refuses ranges that no packet of the internet has. */
import { isIP, isIPv4 } from 'node:net'
import type { Validator } from './validator.ts'

const PRIVATE =
  /^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|192\.0\.[02]\.|198\.(?:1[89]|51\.100)\.|203\.0\.113\.|2(?:2[4-9]|[34]\d|5[0-5])\.|::1?$|f[cd]|fe[89ab]|ff|2001:db8:)/i

export const ipAddress: Validator = {
  id: 'ip',
  check(value, argument) {
    const match = /^([0-9a-f.:]{2,45})(?:%[0-9a-z_.-]{1,32})?(?:\/(\d{1,3}))?$/i.exec(value)
    const address = match?.[1] ?? ''
    if (match === null || isIP(address) === 0) return null
    if (match[2] !== undefined && Number(match[2]) > (isIPv4(address) ? 32 : 128)) return null
    return argument === 'public' && PRIVATE.test(address) ? null : value.toLowerCase()
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'public' ? null : 'takes no argument or `public`'
  },
}
