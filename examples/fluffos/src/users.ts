/**
 * Who is in the game: what the examples serve.
 * @module
 */
export interface User {
  id: number
  name: string
  level: number
}

export const users: ReadonlyMap<number, User> = new Map(
  [
    { id: 1, name: 'drizzt', level: 40 },
    { id: 7, name: 'wren', level: 3 },
  ].map(user => [user.id, user]),
)

/** JSON schema of a user's properties. */
export const userSchema = {
  id: { type: 'integer' },
  name: { type: 'string' },
  level: { type: 'integer' },
} as const
