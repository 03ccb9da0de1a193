/**
 * The REST API: each route with its schema, who may call it, and its handler on the world.
 * @module
 */
import { type AnyRoute, problem, type RestRequest, reply, route } from '@unisock/plugin-rest'
import type { House } from './house.ts'
import { ANSWERS } from './schemas.ts'
import type { Player, Room, World } from './world.ts'

const ADMIN = { roles: ['admin'] }

type RoomContent = Omit<Room, 'id'>

export function routes(house: House): AnyRoute[] {
  return [...realmRoutes(house), ...playerRoutes(house), ...roomRoutes(house.world)]
}

function realmRoutes({ world, accounts }: House): AnyRoute[] {
  return [
    route({
      method: 'GET',
      pattern: '/realm',
      auth: 'none',
      openapi: {
        summary: 'How the realm is',
        operationId: 'getRealm',
        tags: ['realm'],
        responses: { 200: { description: 'The realm', schema: { $ref: 'Realm' } } },
      },
      handler: () => ({
        players: world.players().length,
        rooms: world.rooms().length,
        uptime: process.uptime(),
      }),
    }),
    route({
      method: 'POST',
      pattern: '/login',
      auth: 'none',
      // Passwords are not to be tried out.
      rateLimit: { max: 60, window: 60, policy: 'login' },
      openapi: {
        summary: 'Trade name and password for a token',
        operationId: 'login',
        tags: ['realm'],
        body: { $ref: 'Login' },
        responses: { 201: { description: 'A token for an hour', schema: { $ref: 'Token' } } },
      },
      handler: (request: RestRequest<object, { name: string; password: string }>) => {
        const { name, password } = request.body
        const token = accounts.login(world.playerNamed(name)?.id ?? 0, password)
        if (token === undefined) throw problem(401, 'name or password is wrong')
        return reply({ status: 201, body: { token } })
      },
    }),
    route({
      method: 'POST',
      pattern: '/token',
      openapi: {
        summary: 'Trade a token that is still good for a new one',
        operationId: 'renewToken',
        tags: ['realm'],
        responses: { 201: { description: 'A token for an hour', schema: { $ref: 'Token' } } },
      },
      handler: request => {
        const token = accounts.renew(Number(request.auth!.claims.sub))
        if (token === undefined) throw problem(401, 'there is no such account any more')
        return reply({ status: 201, body: { token } })
      },
    }),
  ]
}

function playerRoutes(house: House): AnyRoute[] {
  const { world, accounts } = house
  const find = (id: number): Player => {
    const player = world.player(id)
    if (!player) throw problem(404, `there is no player ${id}`)
    return player
  }
  /** The player a request is about, if the caller is that player or an admin. */
  const own = (request: RestRequest<{ id: number }>): Player => {
    const { sub, roles } = request.auth!.claims as { sub: string; roles: string[] }
    const player = find(request.path_params.id)
    if (sub !== String(player.id) && !roles.includes('admin')) throw problem(403, 'this is another player')
    return player
  }
  return [
    route({
      method: 'GET',
      pattern: '/players',
      auth: 'none',
      openapi: {
        summary: 'List players',
        operationId: 'listPlayers',
        tags: ['players'],
        parameters: { room: { type: 'string', description: 'Only those in this room' } },
        responses: { 200: ANSWERS.players },
      },
      handler: request => world.players(request.query_params.room),
    }),
    route({
      method: 'GET',
      pattern: '/players/{id:int}',
      auth: 'none',
      openapi: {
        summary: 'Get a player',
        operationId: 'getPlayer',
        tags: ['players'],
        responses: { 200: ANSWERS.player },
      },
      handler: request => find(request.path_params.id),
    }),
    route({
      method: 'POST',
      pattern: '/players',
      auth: 'none',
      openapi: {
        summary: 'Create a player',
        operationId: 'createPlayer',
        tags: ['players'],
        body: { $ref: 'NewPlayer' },
        responses: {
          201: ANSWERS.player,
          409: { description: 'The name is taken' },
          503: { description: 'Nobody new is let in' },
        },
      },
      handler: (request: RestRequest<object, { name: string; password: string }>) => {
        const { name, password } = request.body
        const refusal = house.refusal()
        if (refusal !== undefined) throw problem(503, refusal)
        if (world.playerNamed(name)) throw problem(409, `the name ${name} is taken`)
        const player = world.addPlayer({ name })
        accounts.add(player.id, password)
        return reply({ status: 201, headers: { location: `/api/v1/players/${player.id}` }, body: player })
      },
    }),
    route({
      method: 'PATCH',
      pattern: '/players/{id:int}',
      openapi: {
        summary: 'Change a player: yourself, or anyone as an admin',
        operationId: 'changePlayer',
        tags: ['players'],
        body: { $ref: 'PlayerChange' },
        responses: { 200: ANSWERS.player },
      },
      handler: (request: RestRequest<{ id: number }, Partial<Player>>) =>
        Object.assign(own(request), request.body),
    }),
    route({
      method: 'POST',
      pattern: '/players/{id:int}/moves',
      openapi: {
        summary: 'Walk through an exit',
        operationId: 'movePlayer',
        tags: ['players'],
        body: { type: 'object', required: ['direction'], properties: { direction: { type: 'string' } } },
        responses: { 200: ANSWERS.room, 409: { description: 'There is no exit' } },
      },
      handler: (request: RestRequest<{ id: number }, { direction: string }>) => {
        const room = world.move(own(request), request.body.direction)
        if (!room) throw problem(409, `there is no way ${request.body.direction}`)
        return room
      },
    }),
    route({
      method: 'DELETE',
      pattern: '/players/{id:int}',
      auth: ADMIN,
      openapi: {
        summary: 'Remove a player',
        operationId: 'removePlayer',
        tags: ['admin'],
        responses: { 204: ANSWERS.gone },
      },
      handler: request => {
        const { id } = find(request.path_params.id)
        world.removePlayer(id)
        accounts.remove(id)
        return reply({ status: 204 })
      },
    }),
  ]
}

function roomRoutes(world: World): AnyRoute[] {
  return [
    route({
      method: 'GET',
      pattern: '/rooms',
      auth: 'none',
      openapi: {
        summary: 'List rooms',
        operationId: 'listRooms',
        tags: ['rooms'],
        responses: { 200: ANSWERS.rooms },
      },
      handler: () => world.rooms(),
    }),
    route({
      method: 'GET',
      pattern: '/rooms/{id}',
      auth: 'none',
      openapi: {
        summary: 'Get a room',
        operationId: 'getRoom',
        tags: ['rooms'],
        responses: { 200: ANSWERS.room },
      },
      handler: request => {
        const room = world.room(request.path_params.id)
        if (!room) throw problem(404, `there is no room ${request.path_params.id}`)
        return room
      },
    }),
    route({
      method: 'PUT',
      pattern: '/rooms/{id}',
      auth: ADMIN,
      openapi: {
        summary: 'Create or replace a room',
        operationId: 'putRoom',
        tags: ['admin'],
        parameters: { id: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,30}$' } },
        body: { $ref: 'RoomContent' },
        responses: { 200: ANSWERS.room, 201: ANSWERS.room },
      },
      handler: (request: RestRequest<{ id: string }, RoomContent>) => {
        const { id } = request.path_params
        const status = world.room(id) ? 200 : 201
        return reply({ status, body: world.putRoom({ ...request.body, id }) })
      },
    }),
    route({
      method: 'DELETE',
      pattern: '/rooms/{id}',
      auth: ADMIN,
      openapi: {
        summary: 'Remove a room',
        operationId: 'removeRoom',
        tags: ['admin'],
        responses: { 204: ANSWERS.gone },
      },
      handler: request => {
        if (!world.removeRoom(request.path_params.id))
          throw problem(404, `there is no room ${request.path_params.id} that could be removed`)
        return reply({ status: 204 })
      },
    }),
  ]
}
