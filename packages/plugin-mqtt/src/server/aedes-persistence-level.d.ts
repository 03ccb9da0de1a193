declare module 'aedes-persistence-level/asyncPersistence.js' {
  /** What a broker keeps in a LevelDB; it does not close that. */
  export default class LevelPersistence {
    constructor(database: unknown)
  }
}
