/**
 * A page of what mail and its attachments look like to a pattern: prose in a few languages, numbers, tables, addresses
 * of the Internet, code. Patterns are tried on it when rules load, to see which are cheap to look for everywhere. It
 * decides on speed alone, never on what is found.
 */
import { LOWER, PREFIX_BYTES, prefixKey } from './prefix-table.ts'

const SAMPLE = `Hello everybody, please find below the figures for the third quarter. We had a few surprises in the northern
region, where orders went up by 12.5% although two customers had moved to another supplier. Could you check the totals
before Tuesday's meeting at 14:30? I've asked Anna-Maria Schmidt (Project Office) to send her numbers as well.
> On Mon, 3 Mar 2025 09:15:22 +0100, John O'Neil wrote:
> > Thanks -- I think that's fine. See http://www.example.com/reports/2025/q3?id=48213&lang=en#top for the old version.
Sehr geehrte Damen und Herren, anbei die Unterlagen zum Vorgang vom 03.03.2025. Bitte beachten Sie die neuen Termine.
Nous vous remercions de votre message et vous prions de bien vouloir nous excuser pour le retard de livraison.
Invoice 2025-00417; order 88120; amount EUR 1,249.00; due 2025-04-01; tel. +44 20 7946 0018; ref AB-3391/7
name,city,amount,date
Miller,Boston,120.50,2025-01-07
Garcia,Madrid,98.00,2025-01-09
Tanaka,Osaka,310.25,2025-01-12
Region\tUnits\tPrice\tTotal\nNorth\t120\t4.50\t540.00\nSouth\t95\t4.75\t451.25
function total(items) { return items.reduce((sum, item) => sum + item.price * (item.count || 1), 0) } // see issue 1042
const MAX_RETRIES = 5; if (!user || user.id === undefined) { throw new Error("not found: " + key); }
Message-ID: <20250303091522.GA18231@mail.example.org> X-Mailer: Mutt 1.5.21; boundary="----=_Part_11_2211.170901"
-------------------------------------------------------------------------------
The committee shall publish its findings no later than sixty days after the end of the period, and any member may
request a review. No warranty is given. To unsubscribe, send a mail to list-request@lists.example.net with the subject
"unsubscribe". ====== Best regards, Peter
a3f5c2d19b7e4f608812cd34ef56ab7890123456 commit; Build #5521 PASSED in 3m 42s (x86_64-linux-gnu, gcc 12.2.0)
`

export const SAMPLE_TEXT: Buffer = Buffer.from(SAMPLE)
const EXACT = SAMPLE_TEXT.toString('latin1')
const FOLDED = EXACT.toLowerCase()

/** Where the literals stand in the sample; letters in lower case stand for either. */
export function samplePlaces(literals: readonly string[]): number[] {
  const places: number[] = []
  for (const literal of literals) {
    const bytes = Buffer.from(literal).toString('latin1')
    const folded = bytes.toLowerCase()
    for (let at = FOLDED.indexOf(folded); at >= 0; at = FOLDED.indexOf(folded, at + 1))
      if ([...bytes].every((byte, i) => byte === folded[i] || byte === EXACT[at + i])) places.push(at)
  }
  return places
}

const PREFIXES = new Set<number>()
for (let at = 0, key = 0; at < SAMPLE_TEXT.length; at++) {
  key = (key << 8) | (LOWER[SAMPLE_TEXT[at] as number] as number)
  if (at >= PREFIX_BYTES - 1) PREFIXES.add(key)
}

/** Whether any of the beginnings (see `prefix-table.ts`) stands in the sample. */
export function sampleHasPrefix(prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => PREFIXES.has(prefixKey(prefix)))
}
