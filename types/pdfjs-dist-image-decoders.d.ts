declare module 'pdfjs-dist/image_decoders/pdf.image_decoders.mjs' {
  interface BinaryDataHandler {
    sendWithPromise(action: string, wanted: { readonly filename: string }): Promise<Uint8Array>
  }

  export class JpxImage {
    static readonly instance: JpxImage
    static setOptions(options: {
      useWasm: boolean
      useWorkerFetch: boolean
      wasmUrl: string
      getHandler: () => BinaryDataHandler
    }): void
    /** Throws where there is no picture. */
    static parseImageProperties(bytes: Uint8Array): { width: number; height: number; componentsCount: number }
    /** Every pixel, one byte for each of the up to four components that the file has. */
    decode(bytes: Uint8Array): Promise<Uint8ClampedArray>
  }
}
