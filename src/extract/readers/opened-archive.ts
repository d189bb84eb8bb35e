/** An archive whose encryption was taken off, for the usual reader, which knows nothing of passwords. */
export interface OpenedArchive {
  readonly bytes: Buffer
  /** False where the structure breaks off or contradicts itself behind what is in `bytes`. */
  readonly isWhole: boolean
  /** The password is known to be right; else the content of a file has to prove it. */
  readonly isProven: boolean
  /** Number of the first file that was encrypted, counted from 0 among all entries. */
  readonly firstSealed: number
  /**
   * Whether `data` is what entry number `entry` holds, where its checksum depends on the password so that the usual
   * reader can't compare it; true where that reader does.
   */
  holds(entry: number, data: Buffer): boolean
}

/** The comment of an archive as an archive of one file, so that the usual reader unpacks it. */
export interface ArchiveComment {
  readonly archive: Buffer
  readonly charset: 'utf-16le' | 'utf-8' | null
}

/** What the headers of an archive tell, without anything unpacked. */
export interface ArchiveOutline {
  /** Names of files, as far as headers are in the clear; null for a file whose name the usual reader tells as well. */
  readonly files: readonly (string | null)[]
  /** False where the archive breaks off or contradicts itself. */
  readonly isWhole: boolean
  /** First byte behind the archive; null where headers are encrypted or the archive is not whole. */
  readonly end: number | null
}
