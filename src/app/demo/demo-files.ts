/** The files that the demonstration sends: made here, of invented data, with the libraries that real senders use. */
import { TextReader, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'

type Entry = readonly [name: string, content: string | Uint8Array]

/** A zip archive, sealed with AES-256 when a password is given. */
export async function zip(entries: readonly Entry[], password?: string): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  for (const [name, content] of entries) {
    const reader = typeof content === 'string' ? new TextReader(content) : new Uint8ArrayReader(content)
    await writer.add(name, reader, password ? { password, encryptionStrength: 3 } : {})
  }
  return await writer.close()
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006'

/** A Word document with the given paragraphs, and a Microsoft sensitivity label in its properties when one is given. */
export async function docx(
  paragraphs: readonly string[],
  label?: { readonly id: string; readonly siteId: string; readonly name: string },
): Promise<Uint8Array> {
  const property = (pid: number, name: string, value: string) =>
    `<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="${pid}" name="${name}"><vt:lpwstr>${value}</vt:lpwstr></property>`
  const entries: Entry[] = [
    [
      '[Content_Types].xml',
      `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/docProps/custom.xml" ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/></Types>`,
    ],
    [
      '_rels/.rels',
      `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${OFFICE}/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="${OFFICE}/relationships/custom-properties" Target="docProps/custom.xml"/></Relationships>`,
    ],
    [
      'word/document.xml',
      `${XML}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${paragraphs.map((text) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`).join('')}</w:body></w:document>`,
    ],
    [
      'docProps/custom.xml',
      `${XML}<Properties xmlns="${OFFICE}/custom-properties" xmlns:vt="${OFFICE}/docPropsVTypes">${
        label
          ? property(2, `MSIP_Label_${label.id}_Enabled`, 'true') +
            property(3, `MSIP_Label_${label.id}_SiteId`, label.siteId) +
            property(4, `MSIP_Label_${label.id}_Method`, 'Privileged') +
            property(5, `MSIP_Label_${label.id}_Name`, label.name)
          : ''
      }</Properties>`,
    ],
  ]
  return await zip(entries)
}

/** The plain text of a registered document: an invented valve. */
export const DESIGN_DOCUMENT = `Pressure relief valve, series R, design notes

The seat of the valve is lapped to a flatness of two light bands and closes against a hardened steel disc. Between the
opening and the closing pressure lies a blowdown of seven percent, which the lower adjusting ring sets before the bonnet
is sealed. The spring is wound from chrome vanadium wire and preset three times to the solid length, so that it keeps its
rate within one percent over a hundred thousand strokes. Where the medium is dirty, a bellows of nickel alloy keeps it
away from the guide, and the chamber above the bellows is vented through a sintered plug to the outside.

The annular gap between the disc holder and its guide is the measure that decides between chatter and stable lift. In our
trials a gap of four hundredths of a millimetre gave stable lift down to nine percent overpressure, where the earlier
design began to chatter at fourteen. The finish of the guide is a plateau honed surface whose valleys hold the lubricant.
`

/** Certificate of the demonstration's lawyer. Its private key was thrown away: nobody can read what is sealed to it. */
export const DEMO_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIDkTCCAnmgAwIBAgIUBD0Uhr2daMDYo1c8WfkwxIrE72gwDQYJKoZIhvcNAQEL
BQAwNTESMBAGA1UEAwwJRGFuYSBEZW1vMR8wHQYJKoZIhvcNAQkBFhBkYW5hQGxh
dy5leGFtcGxlMCAXDTI2MTEyNDA4NDA1NFoYDzIxMjYxMDMxMDg0MDU0WjA1MRIw
EAYDVQQDDAlEYW5hIERlbW8xHzAdBgkqhkiG9w0BCQEWEGRhbmFAbGF3LmV4YW1w
bGUwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCs3ze67xnC2rKB6J5C
FjsfhruQbTd8jA8ncbMNlv5ukRl9q0B6uCHMlj5dQMsKbl8NdPUpJRfRpPQxQXDm
sjAEcvKNKGyQsxxT6TpHMo41uSSTJ7n9x5ZhlHZjqdLqqYp/tLqjmUetsdPIPLs0
5/iJgf62QM2NG3CneSM1eZdCtUNGk30+LUMPIdhKLAzg3u48n6iYHvLk2L1yiN51
85RvsIu0pgl3nO7hJPOBb0Mar6syWCtPTqkiA0JHReG/lSJVxwF9QFlOavVMaA/+
bp5e5VUSAmf/m1ayfLGpwtF1acQtltyiE6zwb9+0doIGtm1oxLR8C+3KWx3pppe/
Ig1zAgMBAAGjgZYwgZMwHQYDVR0OBBYEFNmg4XPrm/R4FhYdAgpRmZG0knOXMB8G
A1UdIwQYMBaAFNmg4XPrm/R4FhYdAgpRmZG0knOXMA8GA1UdEwEB/wQFMAMBAf8w
GwYDVR0RBBQwEoEQZGFuYUBsYXcuZXhhbXBsZTAOBgNVHQ8BAf8EBAMCBaAwEwYD
VR0lBAwwCgYIKwYBBQUHAwQwDQYJKoZIhvcNAQELBQADggEBADrl9veG05UIXqjU
sKymt0Bh2PR165FwDYo++gVIzUZMlkEc1kHV196LVv/UkycFRYmSwvQymk7i4T3Y
JiVvY+0fruA4Ov8b2N5vn/D/Lj6ddYtrLtPBoNW96T7BalKc9ERIaG/WBfNmmY6I
nKVxj2/30Bd/mG9awT8hcVwXl4iDloiyAgf0Pf2Pd1jnpuujKCSCDjzbnQvzey9G
98FzGKU5BDc5DMp2WWIjEiVHemxToQ1yeIreOKpl1GL7n9AEUTVHeL2WB8M6oEkj
JcAL2wPhqBgmsoUvrnfLs2tPxkWVxMFXf8WtCnf5c6634f0FHa3n/CbyPZN3ARyq
iMj8yMs=
-----END CERTIFICATE-----
`
