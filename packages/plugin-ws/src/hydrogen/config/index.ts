/**
 * The configuration file of a Hydrogen server: JSON with comments.
 * @module
 */
export { readConfig } from './read.ts'
export { type ConfigSource, DEFAULT_CONFIG, type HydrogenConfig, type HydrogenConfigFile } from './types.ts'
