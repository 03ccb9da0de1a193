/**
 * What crosses of a form.
 * @module
 */

/** A file that is on the disk. */
export interface FileWire {
  name: string
  filename: string
  type: string
  size: number
  digest: string
  path: string
}

/** A form that has arrived: JSON in the place of a request's body. */
export interface FormWire {
  /** By name; a repeated one has an array. Undefined where they cross otherwise. */
  fields?: Readonly<Record<string, string | string[]>>
  files: readonly FileWire[]
}

/** In the place of a request's body: the parts of a form follow. */
export const PARTS_FOLLOW = ''
