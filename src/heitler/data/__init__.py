"""Small samples of real Geant4 showers that ship with the package."""
