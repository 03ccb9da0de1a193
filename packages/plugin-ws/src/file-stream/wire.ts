/**
 * What the program writes and gets on a WEBSOCKET_FILE_STREAM, and what crosses.
 * @module
 */

export type FileData = string | Uint8Array

/** A file that is to be sent. Either `path` or `data`. */
export interface FileToSend {
  /** What the receiver is to call it: a relative path, divided by `/`. */
  name: string
  /** The file under the root of WS_FILE that it is; the bytes do not cross to the program. */
  path?: string
  /**
   * Its bytes, or text in UTF-8; or what gives these piece by piece, such as a Readable, which is read as fast as the peer
   * takes it. What is given so is not sent again on another connection.
   */
  data?: FileData | AsyncIterable<FileData>
  /** Bytes, where `data` gives them piece by piece: told to the receiver, and kept to. */
  size?: number
  /** What it is, as a media type (RFC 6838): told to the receiver. */
  type?: string
}

/** What `write` takes. */
export type FileWrite =
  | { send: FileToSend }
  /** Asks for a file of the peer's. `offset`: use no more than so many bytes of what is there already. @default all of it */
  | { fetch: { name: string; offset?: number } }
  /** Ends a transfer by its `id`; what was received of it stays for another time. */
  | { cancel: number }

interface FileMessageBase {
  /** The transfer, for as long as the fd lives. */
  id: number
  name: string
  /** Whether this end sends the file or receives it. */
  direction: 'send' | 'receive'
}

/** A transfer begins: the file is offered to the peer, or by the peer; again when it goes on over another connection. */
export interface FileOffer extends FileMessageBase {
  type: 'offer'
  /** Bytes; undefined where the sender does not know yet. */
  size: number | undefined
  content_type: string | undefined
}

/** How far it is. Left out while the program has no room for messages. */
export interface FileProgress extends FileMessageBase {
  type: 'progress'
  offset: number
  size: number | undefined
}

/** The receiver has the whole file under its name. */
export interface FileDone extends FileMessageBase {
  type: 'done'
  size: number
  /** The SHA-256 in hexadecimal, which both ends have found; undefined where the sender tells none. */
  digest: string | undefined
}

export interface FileFailed extends FileMessageBase {
  type: 'failed'
  /** As of errors: `EACCES`, `ENOENT`, `EMSGSIZE`, `ECANCELED` … */
  code: string
  reason: string
}

export type FileMessage = FileOffer | FileProgress | FileDone | FileFailed

/** A file as it crosses: what is given piece by piece goes by a number. */
export interface FileWire {
  name: string
  path?: string
  data?: Uint8Array
  stream?: number
  size?: number
  type?: string
}

/** A write as it crosses. */
export type FileWriteWire =
  | { send: FileWire }
  | { fetch: { name: string; offset?: number } }
  | { cancel: number }
  | { piece: [stream: number, bytes: Buffer] }
  /** The last piece was given, or no more can be. */
  | { end: [stream: number, whole: boolean] }

/** A message as it crosses; with the number of its stream where that is over. */
export type FileMessageWire = FileMessage & { stream?: number }
