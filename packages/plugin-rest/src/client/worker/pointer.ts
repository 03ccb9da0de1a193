/**
 * JSON pointers (RFC 6901) into an OpenAPI document, and its references by them.
 * @module
 */

/** A reference may lead to another one so many times. */
const MAX_STEPS = 16

/** A place in the document: its pointer, and what is there. */
export interface Place {
  readonly pointer: string
  readonly value: any
}

export function child({ pointer, value }: Place, key: string): Place {
  const step = key.replaceAll('~', '~0').replaceAll('/', '~1')
  return {
    pointer: `${pointer}/${step}`,
    value: isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined,
  }
}

/**
 * What is really at a place, where a reference is.
 *
 * @throws {Error} for a reference that leads out of the document, in circles or to nothing
 */
export function follow(root: Place, place: Place): Place {
  let at = place
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const ref = isObject(at.value) ? at.value.$ref : undefined
    if (ref === undefined) return at
    if (typeof ref !== 'string' || !ref.startsWith('#/'))
      throw new Error(`${at.pointer}: ${String(ref)} leads out of the document`)
    at = decodeURIComponent(ref.slice(2))
      .split('/')
      .reduce((parent, step) => child(parent, step.replaceAll('~1', '/').replaceAll('~0', '~')), root)
    if (at.value === undefined) throw new Error(`${place.pointer}: there is nothing at ${ref}`)
  }
  throw new Error(`${place.pointer}: references lead in circles`)
}

/** The pointer as a URI's fragment (RFC 6901 section 6). */
export function fragment({ pointer }: Place): string {
  return `#${pointer.split('/').map(encodeURIComponent).join('/')}`
}

export function isObject(value: unknown): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
