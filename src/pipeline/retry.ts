/**
 * When to try again: doubling from `firstMs` to `maxMs`, spread over ±25 % so that what failed together doesn't come
 * back together (RFC 5321 section 4.5.4.1 asks for at least 30 minutes on average; the ceiling takes care of that).
 */
export function retryDelay(attempt: number, firstMs: number, maxMs: number, random: number = Math.random()): number {
  const base = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30))
  return Math.round(base * (0.75 + random / 2))
}
