/**
 * What crosses between a connection and the program, in both directions.
 * @module
 */

/** The bits of a received message's first field. */
export const BINARY = 1
export const COMPRESSED = 2
export const AUTH_VALID = 4
/** Text that may be an object or an array in JSON, on a subprotocol that carries it. */
export const JSON_TEXT = 8

/** A received message: bits, the payload's bytes, the subprotocol, the payload. */
export type ReceivedWire = [bits: number, length: number, protocol: string, data: string | Buffer]

/** The bits of a written message that says how it is to be sent. */
export const AS_BINARY = 1
export const COMPRESS = 2
export const NO_COMPRESS = 4

/** A written message: text or bytes as they are, or with how they are to be sent. */
export type WrittenWire = string | Uint8Array | [payload: string | Uint8Array, bits: number]

/** A client that asks to be admitted, as the function of WS_AUTH gets it. */
export type AdmissionWire = [
  id: number,
  url: string,
  rawHeaders: string[],
  token: string | null,
  scheme: string | null,
  protocols: string[],
  address: string,
  port: number,
]

/** A token of which the function of HYDROGEN_VERIFY is asked whose it is. */
export type VerifyWire = [id: number, token: string, scheme: string]

/** What the program is asked, by a number of the worker's. */
export type QuestionWire = AdmissionWire | VerifyWire

/** Who a client is, in the program's own words. */
export type Identity = Readonly<Record<string, unknown>>

/** What the program says of it; `null`: it failed to say. */
export type VerdictWire = [id: number, admitted: boolean | null, identity: Identity | null]
