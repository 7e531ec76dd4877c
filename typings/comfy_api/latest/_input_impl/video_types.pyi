from types import ModuleType

av: ModuleType
