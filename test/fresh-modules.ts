import { vi } from 'vitest';

// Files of one process share the build, and nothing of test/: helpers and the hooks in them are those of one file.
vi.resetModules();
