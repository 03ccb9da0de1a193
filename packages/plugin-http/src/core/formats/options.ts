/**
 * Option 233: media types beside JSON.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { FORMATS_SCHEMA, type Formats } from './formats.ts'

export const HTTP_FORMATS = defineOption({
  number: 233,
  name: 'HTTP_FORMATS',
  family: 'http',
  modes: [24],
  schema: FORMATS_SCHEMA,
  value: type<boolean | Formats>(),
  default: false,
})
