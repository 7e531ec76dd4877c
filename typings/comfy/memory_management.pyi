aimdo_enabled: bool
