/**
 * LPC values on their way from the worker: what msgpack has no form for is tagged.
 * @module
 */
import { isLpcClass, LpcClass, type LpcValue } from './values.ts'

type Tag = 'array' | 'mapping' | 'map' | 'class' | 'int' | 'scalar'
export type LpcTagged = [Tag, ...LpcWire[]]
export type LpcWire = string | number | null | LpcTagged

/**
 * A frame's value, always tagged: that tells it from a line of text. No array is put around it, as the 101 levels a
 * frame may have are all that the link takes.
 */
export function toTagged(value: LpcValue | undefined): LpcTagged {
  const wire = toWire(value)
  return Array.isArray(wire) ? wire : ['scalar', wire]
}

/** `undefined`, which stands for what cannot be read, is null. */
export function toWire(value: LpcValue | undefined): LpcWire {
  if (value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  if (typeof value === 'bigint') return ['int', String(value)]
  if (Array.isArray(value)) return ['array', ...value.map(toWire)]
  if (isLpcClass(value)) return ['class', ...value.members.map(member => toWire(member as LpcValue))]
  if (value instanceof Map)
    return ['map', ...[...value].flatMap(([key, item]) => [toWire(key), toWire(item)])]
  return ['mapping', ...Object.entries(value).flatMap(([key, item]) => [key, toWire(item)])]
}

export function fromWire(wire: LpcWire): LpcValue | undefined {
  if (wire === null) return undefined
  if (typeof wire !== 'object') return wire
  const [tag, ...items] = wire
  switch (tag) {
    case 'scalar':
      return fromWire(items[0]!)
    case 'int':
      return BigInt(items[0] as string)
    case 'array':
      return items.map(fromWire) as LpcValue[]
    case 'class':
      return new LpcClass(items.map(fromWire))
    case 'map':
      return new Map(
        pairs(items).map(([key, item]) => [fromWire(key), fromWire(item)] as [LpcValue, LpcValue]),
      )
    case 'mapping': {
      const mapping: Record<string, LpcValue> = Object.create(null)
      for (const [key, item] of pairs(items)) mapping[key as string] = fromWire(item) as LpcValue
      return mapping
    }
  }
}

function pairs(items: readonly LpcWire[]): [LpcWire, LpcWire][] {
  const found: [LpcWire, LpcWire][] = []
  for (let i = 0; i < items.length; i += 2) found.push([items[i]!, items[i + 1]!])
  return found
}
