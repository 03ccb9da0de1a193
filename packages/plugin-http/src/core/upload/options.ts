/**
 * Option 228: forms with files.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { checkUpload, UPLOAD_SCHEMA, type Upload } from './upload.ts'

export const HTTP_UPLOAD = defineOption({
  number: 228,
  name: 'HTTP_UPLOAD',
  family: 'http',
  modes: [20, 21, 24],
  schema: UPLOAD_SCHEMA,
  value: type<Upload | false>(),
  default: false,
  check: checkUpload,
})
