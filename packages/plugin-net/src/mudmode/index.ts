/**
 * The mudmode wire format: what FluffOS's mode 0 and Intermud-3 speak.
 * @module
 */
export { Decoder, type DecoderSettings } from './decoder.ts'
export { encode, MAX_ENCODE_DEPTH } from './encode.ts'
export { MudmodeError } from './error.ts'
export { MAX_DECODE_DEPTH } from './parse.ts'
export { isLpcClass, isLpcFloat, LpcClass, LpcFloat, type LpcValue } from './values.ts'
