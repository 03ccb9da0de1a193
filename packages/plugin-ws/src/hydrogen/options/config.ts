/**
 * The configuration file: 440.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { type ConfigSource, readConfig } from '../config/index.ts'
import { family, MODES } from './family.ts'

export const HYDROGEN_CONFIG = defineOption({
  number: 440,
  name: 'HYDROGEN_CONFIG',
  family,
  modes: MODES,
  schema: {
    anyOf: [{ type: 'string', minLength: 1 }, { type: 'object' }],
    description:
      'The configuration of a Hydrogen server: the text of the file, its path, or the mapping in it. Of an fd it says Enabled, AuthRequired and IdleTimeout; createHydrogenServer goes by all of it.',
  },
  value: type<ConfigSource>(),
  check: readConfig,
  normalize: value => ({ WebSocketServer: readConfig(value) }),
})
