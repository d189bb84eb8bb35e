declare module 'seek-bzip' {
  interface InputStream {
    readByte(): number
    eof(): boolean
  }
  interface OutputStream {
    writeByte(byte: number): void
  }
  const Bunzip: {
    readonly Stream: new () => { read(buffer: Uint8Array, offset: number, length: number): number }
    decode(input: InputStream, output: OutputStream, multistream: boolean): unknown
  }
  export default Bunzip
}
