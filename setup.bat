@echo off
rem Sets Kinora up and starts what is asked for; see "setup.bat help". This file only finds a Python.
setlocal
set "probe=import sys; sys.exit(sys.version_info < (3, 11))"
set "bootstrap=%~dp0tools\bootstrap.py"

if defined KINORA_PYTHON (
    set python="%KINORA_PYTHON%"
    goto check
)
for %%p in ("py -3.13" "py -3.12" "py -3.11" "python3" "python") do (
    %%~p -c "%probe%" >nul 2>nul && set "python=%%~p" && goto start
)
goto missing

:check
%python% -c "%probe%" >nul 2>nul || goto missing

:start
%python% "%bootstrap%" %*
exit /b %errorlevel%

:missing
echo Kinora needs Python 3.11 or newer. 1>&2
echo Install one from python.org, or set KINORA_PYTHON to the one to use. 1>&2
exit /b 1
