/**
 * `iban`: country code, length and structure by SWIFT's IBAN registry, check digits modulo 97 (ISO 13616).
 * `iban(any)` also takes countries outside the registry that use the scheme, `iban(misread)` numbers of countries whose
 * account numbers are digits alone, with letters in the place of digits that look like them.
 */
import { mod97 } from './check-digits.ts'
import { readAsDigits } from './look-alike-digits.ts'
import type { Validator } from './validator.ts'

/** BBAN structure: `n` digits, `a` capital letters, `c` either. */
const REGISTRY =
  'AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n ' +
  'EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT20c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c ' +
  'JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a ' +
  'NI4a20n NL4a10n NO11n OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n SM1a10n12c ' +
  'SO19n ST21n SV4a20n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n XK16n YE4a4n18c'

/** Countries that use the scheme without being registered, by usual length. */
const UNREGISTERED =
  'AO21n BF2c22n BJ2c22n CF23n CG23n CI2c22n CM23n CV21n DZ22n GA23n GQ23n GW2c19n IR22n KM23n MA24n MG23n ML2c22n MZ21n NE2a22n SN2c22n TD23n TG2a22n'

const CLASS: Readonly<Record<string, string>> = { n: '[0-9]', a: '[A-Z]', c: '[0-9A-Z]' }

function structures(text: string): [string, RegExp][] {
  return text.split(' ').map((entry) => {
    const parts = [...entry.slice(2).matchAll(/(\d+)([nac])/g)].map(
      ([, count, kind = '']) => `${CLASS[kind]}{${count}}`,
    )
    return [entry.slice(0, 2), new RegExp(`^[0-9]{2}${parts.join('')}$`)]
  })
}

const registered = new Map(structures(REGISTRY))
const usual = new Map([...structures(UNREGISTERED), ...registered])

export const iban: Validator = {
  id: 'iban',
  check(value, argument) {
    const written = value.replace(/[^0-9A-Za-z]/g, '')
    const read = argument === 'misread' ? readAsDigits(written.slice(2)) : written.slice(2)
    if (read === null) return null
    const text = (written.slice(0, 2) + read).toUpperCase().replace(/^IBAN/, '')
    const structure = (argument === 'any' ? usual : registered).get(text.slice(0, 2))
    if (!structure?.test(text.slice(2))) return null
    return mod97(text.slice(4) + text.slice(0, 4)) ? text : null
  },
  argumentProblem(argument) {
    return argument === undefined || argument === 'any' || argument === 'misread'
      ? null
      : 'takes no argument, `any` or `misread`'
  },
}
