/** MessagePack, the encoding of all that travels. @module */
export { Decoder, Encoder, ExtData, ExtensionCodec, type ExtensionCodecType } from "npm:@msgpack/msgpack@3.1.3";
