"""The small pictures, sounds and the clip that forms offer as examples, drawn and computed from nothing."""
