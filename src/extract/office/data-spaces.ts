import type { ExtractContext } from '../format.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { OPENED_BY_DEFAULT } from './default-passwords.ts'
import { readLabelInfo } from './document-properties.ts'
import { decryptPackage } from './office-decryption.ts'

/**
 * Sealed documents in compound files ([MS-OFFCRYPTO]): encrypted packages and rights management. Tells how they are
 * sealed, and the labels that stand outside the seal.
 */
export async function readDataSpaces(root: OleNode, context: ExtractContext): Promise<boolean> {
  const package_ = childNamed(root, 'EncryptedPackage')
  const spaces = childNamed(root, '\x06DataSpaces')
  const names = spaces ? allNames(spaces) : ''
  const isManaged = /drm/i.test(names) || root.children.some((child) => /^\tDRM/i.test(child.name))
  if (spaces) readLabels(spaces, context)
  if (isManaged) {
    context.trait('irm-protected')
    context.uninspected('encrypted', 'rights management')
    return true
  }
  if (!package_) return false
  const info = childNamed(root, 'EncryptionInfo')?.read() ?? Buffer.alloc(0)
  const opened = decryptPackage(info, package_.read(), context.passwords, context.budget)
  if (opened === null) context.uninspected('encrypted', encryptionOf(info))
  else {
    context.trait('opened-with-password')
    if (opened.byDefault) context.uninspected('encrypted', OPENED_BY_DEFAULT)
    await context.child({ bytes: opened.bytes, filename: null, label: '[opened]' })
  }
  return true
}

function allNames(node: OleNode): string {
  return node.children.map((child) => `${child.name}\n${allNames(child)}`).join('')
}

/** The label list stands unencrypted beside the transforms ([MS-OFFCRYPTO] 2.6.2). */
function readLabels(node: OleNode, context: ExtractContext): void {
  for (const child of node.children) {
    if (child.isStorage) readLabels(child, context)
    if (!/^labelinfo$/i.test(child.name) || child.isStorage) continue
    const bytes = child.read()
    const start = bytes.indexOf('<')
    if (start >= 0) readLabelInfo(bytes.subarray(start), context)
  }
}

/** [MS-OFFCRYPTO] 2.3.4: version 4.4 is agile with its ciphers in XML, 2 to 4 with minor 2 standard. */
function encryptionOf(info: Buffer): string {
  if (info.length < 8) return 'Office encryption'
  const major = info.readUInt16LE(0)
  const minor = info.readUInt16LE(2)
  if (major === 4 && minor === 4) {
    const xml = info.toString('utf8', 8)
    const bits = /keyBits="(\d+)"/.exec(xml)?.[1]
    const cipher = /cipherAlgorithm="(\w+)"/.exec(xml)?.[1]
    return `agile ${cipher ?? 'encryption'}${bits ? `-${bits}` : ''}`
  }
  return minor === 2 ? 'standard AES' : 'extensible encryption'
}
