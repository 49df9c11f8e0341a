/** Dies of its first task. */

process.on('disconnect', () => process.exit())
process.on('message', () => process.exit(1))
