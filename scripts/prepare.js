// After `npm ci` in a clone, by a script of runtime/package.json, which is in no user's install. JavaScript, because npm may run
// it on a Node too old for TypeScript; the server starts without the bundle too, more slowly.
try {
  await import('./build.ts');
} catch (error) {
  console.log('no bundle, the server runs from src/:', error.message);
}
