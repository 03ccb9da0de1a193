/**
 * What the options of the MQTT modes have in common.
 * @module
 */
export const family = 'mqtt'

export const CLIENT = [37]
export const SERVER = [38]

/** Bytes of a UTF-8 string, whose length is two bytes (MQTT 5.0 section 1.5.4). */
export const MAX_TEXT = 65_535
