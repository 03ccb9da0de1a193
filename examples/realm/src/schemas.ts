/**
 * The shapes of the API, shared by its routes and its documentation.
 * @module
 */

const name = { type: 'string', minLength: 1, maxLength: 40 }
const roomId = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,30}$' }
const password = { type: 'string', minLength: 8, maxLength: 200, format: 'password' }

export const SCHEMAS = {
  Player: {
    type: 'object',
    required: ['id', 'name', 'room', 'level'],
    properties: { id: { type: 'integer' }, name, room: roomId, level: { type: 'integer' } },
  },
  NewPlayer: {
    type: 'object',
    required: ['name', 'password'],
    additionalProperties: false,
    properties: { name, password },
  },
  PlayerChange: {
    type: 'object',
    minProperties: 1,
    additionalProperties: false,
    properties: { name, level: { type: 'integer', minimum: 1, maximum: 100 } },
  },
  Room: {
    type: 'object',
    required: ['id', 'name', 'description', 'exits'],
    properties: {
      id: roomId,
      name,
      description: { type: 'string', maxLength: 2000 },
      exits: { type: 'object', additionalProperties: roomId },
    },
  },
  RoomContent: {
    type: 'object',
    required: ['name', 'description'],
    additionalProperties: false,
    properties: {
      name,
      description: { type: 'string', maxLength: 2000 },
      exits: { type: 'object', additionalProperties: roomId, default: {} },
    },
  },
  Login: {
    type: 'object',
    required: ['name', 'password'],
    additionalProperties: false,
    properties: { name, password: { type: 'string', maxLength: 200, format: 'password' } },
  },
  Token: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } },
  Realm: {
    type: 'object',
    required: ['players', 'rooms', 'uptime'],
    properties: { players: { type: 'integer' }, rooms: { type: 'integer' }, uptime: { type: 'number' } },
  },
} as const

const listOf = (schema: string) => ({ type: 'array', items: { $ref: schema } })

/** The answers that several routes give. */
export const ANSWERS = {
  player: { description: 'The player', schema: { $ref: 'Player' } },
  players: { description: 'The players', schema: listOf('Player') },
  room: { description: 'The room', schema: { $ref: 'Room' } },
  rooms: { description: 'The rooms', schema: listOf('Room') },
  gone: { description: 'It is gone' },
} as const
