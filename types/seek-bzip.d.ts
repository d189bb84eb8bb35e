declare module 'seek-bzip' {
  interface InputStream {
    readByte(): number
    eof(): boolean
  }
  interface OutputStream {
    writeByte(byte: number): void
  }
  /** One member, block by block; the constructor reads its header. */
  interface Decoder {
    readonly reader: { read(bits: number): number }
    readonly streamCRC: number
    /** Reads a block into memory; false at the end of the member. Throws for a fault. */
    _init_block(): boolean
    /** Writes that block. Throws for a wrong checksum. */
    _read_bunzip(): number
  }
  const Bunzip: {
    new (input: InputStream, output: OutputStream): Decoder
    readonly Stream: new () => { read(buffer: Uint8Array, offset: number, length: number): number }
    decode(input: InputStream, output: OutputStream, multistream: boolean): unknown
  }
  export default Bunzip
}
